/** Finding what a name or id on the command line means. */
import { allItems, unwrap, type CairnClient, type components } from '@cairn/api-client';
import { formatQuery, guidSchema, idSchema, type Page } from '@cairn/contracts';
import { NotFoundError, UsageError } from './exit';

type Schemas = components['schemas'];

interface Named {
  readonly id: string;
  readonly name: string;
}

interface Query {
  limit: number;
  cursor?: string;
  q?: string;
}

/** Looks names up; an id is taken as it is, so that scripts need no permission to list. */
async function idOf(
  noun: string,
  text: string,
  list: (query: Query) => Promise<Page<Named>>,
): Promise<string> {
  if (idSchema.safeParse(text).success) return text;
  const q = formatQuery([{ negated: false, field: 'name', operator: 'has', values: [text] }]);
  const items = await allItems((query) => list({ ...query, q }));
  const matches = items.filter((item) => item.name === text);
  const [first] = matches;
  if (first === undefined) throw new NotFoundError(`There is no ${noun} "${text}".`);
  if (matches.length > 1) {
    const ids = matches.map((item) => item.id).join(', ');
    throw new UsageError(`Several ${noun}s are called "${text}". Name one by its id: ${ids}`);
  }
  return first.id;
}

export function vmIdOf(client: CairnClient, text: string): Promise<string> {
  return idOf('VM', text, async (query) =>
    unwrap(await client.GET('/api/v1/vms', { params: { query } })),
  );
}

export function volumeIdOf(client: CairnClient, text: string): Promise<string> {
  return idOf('volume', text, async (query) =>
    unwrap(await client.GET('/api/v1/volumes', { params: { query } })),
  );
}

export function imageIdOf(client: CairnClient, text: string): Promise<string> {
  return idOf('image', text, async (query) =>
    unwrap(await client.GET('/api/v1/images', { params: { query } })),
  );
}

export function isoIdOf(client: CairnClient, text: string): Promise<string> {
  return idOf('ISO', text, async (query) =>
    unwrap(await client.GET('/api/v1/isos', { params: { query } })),
  );
}

export function userIdOf(client: CairnClient, text: string): Promise<string> {
  return idOf('user', text, async (query) =>
    unwrap(await client.GET('/api/v1/users', { params: { query } })),
  );
}

export function tokenIdOf(client: CairnClient, text: string): Promise<string> {
  return idOf('API token', text, async (query) =>
    unwrap(await client.GET('/api/v1/api-tokens', { params: { query } })),
  );
}

export async function nodeIdOf(client: CairnClient, text: string): Promise<string> {
  if (guidSchema.safeParse(text).success) return text;
  return idOf('node', text, async (query) =>
    unwrap(await client.GET('/api/v1/nodes', { params: { query } })),
  );
}

/** A drive by its id or its path. */
export async function driveIdOf(client: CairnClient, text: string): Promise<string> {
  if (guidSchema.safeParse(text).success) return text;
  const drives = await allItems(async (query) =>
    unwrap(await client.GET('/api/v1/drives', { params: { query } })),
  );
  const match = drives.find((drive) => drive.path === text);
  if (match === undefined) throw new NotFoundError(`There is no drive "${text}".`);
  return match.id;
}

/** One of a VM's disks or network cards, by its id or its slot. */
export function partOf<Part extends { readonly id: string; readonly slot: number }>(
  noun: string,
  parts: readonly Part[],
  text: string,
): Part {
  const match = parts.find((part) => part.id === text || String(part.slot) === text);
  if (match === undefined) throw new NotFoundError(`The VM has no ${noun} "${text}".`);
  return match;
}

export async function fetchVm(client: CairnClient, text: string): Promise<Schemas['Vm']> {
  const vmId = await vmIdOf(client, text);
  return unwrap(await client.GET('/api/v1/vms/{vmId}', { params: { path: { vmId } } }));
}
