import { useQueryClient } from '@tanstack/react-query';
import type { Task } from '@cairn/contracts';
import {
  createContext,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from 'react';

import { withNewest } from '../../api/feed';
import { useGateway } from '../../api/gateway';
import { keys } from '../../api/keys';
import { UploadQueue, type Upload } from './UploadQueue';

const UploadContext = createContext<UploadQueue | null>(null);
const noUploads: readonly Upload[] = [];
const never = (): (() => void) => () => undefined;

/** Keeps the uploads of this page while a person walks through it. */
export function UploadProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const gateway = useGateway();
  const cache = useQueryClient();
  const [queue] = useState(
    () =>
      new UploadQueue({
        gateway,
        now: () => Date.now(),
        onTask: (task) =>
          cache.setQueryData<readonly Task[]>(keys.tasks, (tasks) =>
            withNewest(tasks ?? [], task, true),
          ),
      }),
  );
  useWarnBeforeLeaving(queue);
  return <UploadContext value={queue}>{children}</UploadContext>;
}

/** The uploads of this page. */
export function useUploads(): { readonly queue: UploadQueue; readonly uploads: readonly Upload[] } {
  const queue = useContext(UploadContext);
  const uploads = useSyncExternalStore(
    queue?.subscribe ?? never,
    queue?.getUploads ?? (() => noUploads),
  );
  if (!queue) throw new Error('UploadProvider is missing above this component');
  return { queue, uploads };
}

/** The browser asks before it closes a page that is sending a file. */
function useWarnBeforeLeaving(queue: UploadQueue): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent): void => {
      if (queue.getUploads().some((upload) => upload.state === 'running')) event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [queue]);
}
