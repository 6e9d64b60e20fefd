// Forward-only, in order. A released migration is never edited: the next one corrects it.
import { InitialSchema1795267200000 } from './1795267200000-initial-schema';

export const migrations = [InitialSchema1795267200000] as const;
