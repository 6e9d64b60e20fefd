/** `cairn image …` and `cairn iso …`: the same words for both kinds of media. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { unwrap, uploadMedia, type UploadSource } from '@cairn/api-client';
import type { Command } from 'commander';
import { z } from 'zod';
import { imageColumns, mediaColumns } from '../columns';
import { UsageError } from '../exit';
import { imageIdOf, isoIdOf } from '../resolve';
import { dryRunQuery, finish, optionsOf, waitWithProgress, withSession } from '../session';
import type { Session } from '../session';
import { formatSize } from '../units';
import type { World } from '../world';
import { listCommand } from './list';
import { given, repeatable, withDryRun, withTask } from './shared';

type MediaKind = 'image' | 'iso';

const namingSchema = z.object({
  name: z.string().optional(),
  description: z.string().optional(),
  tag: z.array(z.string()).optional(),
  checksum: z.string().optional(),
});

export function imageCommands(program: Command, world: World): void {
  const image = program.command('image').description('images to make disks from');
  listCommand(image, world, {
    noun: 'images',
    columns: () => imageColumns,
    list: async (client, query) =>
      unwrap(await client.GET('/api/v1/images', { params: { query } })),
  });
  mediaCommands(image, world, 'image');
}

export function isoCommands(program: Command, world: World): void {
  const iso = program.command('iso').description('ISOs to install from');
  listCommand(iso, world, {
    noun: 'ISOs',
    columns: () => mediaColumns,
    list: async (client, query) => unwrap(await client.GET('/api/v1/isos', { params: { query } })),
  });
  mediaCommands(iso, world, 'iso');
}

function mediaCommands(parent: Command, world: World, kind: MediaKind): void {
  parent
    .command(`show <${kind}>`)
    .description(`show an ${kind}`)
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        await show(session, kind, await mediaIdOf(session, kind, name));
      }),
    );
  uploadCommand(parent, world, kind);
  importCommand(parent, world, kind);
  withDryRun(withTask(parent.command(`delete <${kind}>`)))
    .description(`delete an ${kind} that nothing uses`)
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const id = await mediaIdOf(session, kind, name);
        const query = dryRunQuery(session);
        const result =
          kind === 'image'
            ? await session.client.DELETE('/api/v1/images/{imageId}', {
                params: { path: { imageId: id }, query },
              })
            : await session.client.DELETE('/api/v1/isos/{isoId}', {
                params: { path: { isoId: id }, query },
              });
        await finish(session, result, { what: `${kind} ${name}: delete` });
      }),
    );
}

function withNaming(command: Command): Command {
  return command
    .option('--name <name>', 'name; by default the name of the file')
    .option('--description <text>', 'what it is')
    .addOption(repeatable('--tag <tag>', 'a tag; may be repeated'));
}

function uploadCommand(parent: Command, world: World, kind: MediaKind): void {
  withTask(withNaming(parent.command('upload <file>')))
    .description('upload a file; the same command goes on after an interruption')
    .option('--checksum <sha256:…>', 'refuse the file unless it has this checksum')
    .option('--no-verify', 'do not compute the checksum before the upload')
    .action((path: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const schema = namingSchema.extend({ verify: z.boolean() });
        await upload(session, kind, path, optionsOf(command, schema));
      }),
    );
}

type UploadOptions = z.infer<typeof namingSchema> & { readonly verify: boolean };

async function upload(session: Session, kind: MediaKind, path: string, options: UploadOptions) {
  const sizeBytes = await sizeOf(path);
  const name = options.name ?? nameOf(path);
  const checksum = options.checksum ?? (options.verify ? await checksumOf(path) : undefined);
  const id =
    (await unfinishedUpload(session, kind, name, sizeBytes, checksum ?? null)) ??
    (await announce(session, kind, {
      name,
      sizeBytes,
      ...given({ checksum, description: options.description, tags: options.tag }),
    }));
  const file = await open(path, 'r');
  try {
    const source: UploadSource = {
      sizeBytes,
      read: async (start, end) => {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
        if (bytesRead !== bytes.length) throw new Error(`${path} has become shorter.`);
        return bytes;
      },
    };
    const task = await uploadMedia(session.client, {
      kind: kind === 'image' ? 'images' : 'isos',
      id,
      source,
      signal: session.world.signal,
      onProgress: uploadProgress(session, name),
    });
    await finishImport(session, kind, name, task.id, id);
  } finally {
    await file.close();
  }
}

/** An upload of the same file that was interrupted, so that it can go on. */
async function unfinishedUpload(
  session: Session,
  kind: MediaKind,
  name: string,
  sizeBytes: number,
  checksum: string | null,
): Promise<string | undefined> {
  const query = { limit: 100, q: 'state:awaitingUpload' };
  const page =
    kind === 'image'
      ? unwrap(await session.client.GET('/api/v1/images', { params: { query } }))
      : unwrap(await session.client.GET('/api/v1/isos', { params: { query } }));
  const match = page.items.find(
    (media) =>
      media.status.state === 'awaitingUpload' &&
      media.name === name &&
      media.fileSizeBytes === sizeBytes &&
      media.checksum === checksum,
  );
  if (match?.status.upload !== undefined && match.status.upload !== null)
    session.out.remark(`Going on at ${formatSize(match.status.upload.receivedBytes)}.`);
  return match?.id;
}

async function announce(
  session: Session,
  kind: MediaKind,
  body: { name: string; sizeBytes: number; checksum?: string },
): Promise<string> {
  const media =
    kind === 'image'
      ? unwrap(await session.client.POST('/api/v1/images', { body }))
      : unwrap(await session.client.POST('/api/v1/isos', { body }));
  return media.id;
}

function importCommand(parent: Command, world: World, kind: MediaKind): void {
  withTask(withNaming(parent.command('import <url>')))
    .description('let the cluster download a file by http or https')
    .option('--checksum <sha256:…>', 'refuse the file unless it has this checksum')
    .action((url: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const options = optionsOf(command, namingSchema);
        const body = {
          url,
          name: options.name ?? nameOf(URL.canParse(url) ? new URL(url).pathname : url),
          ...given({
            checksum: options.checksum,
            description: options.description,
            tags: options.tag,
          }),
        };
        const result =
          kind === 'image'
            ? await session.client.POST('/api/v1/images/actions/import-url', { body })
            : await session.client.POST('/api/v1/isos/actions/import-url', { body });
        await finish(session, result, {
          what: `${kind} ${body.name}: import`,
          finished: async (task) => show(session, kind, task.resource?.id ?? ''),
        });
      }),
    );
}

async function finishImport(
  session: Session,
  kind: MediaKind,
  name: string,
  taskId: string,
  id: string,
): Promise<void> {
  if (session.options.wait) await waitWithProgress(session, taskId);
  if (session.out.isMachine() || session.options.wait) await show(session, kind, id);
  else session.out.done(`${kind} ${name}: uploaded; task ${taskId} imports it.`, null);
}

async function show(session: Session, kind: MediaKind, id: string): Promise<void> {
  if (kind === 'image') {
    const params = { path: { imageId: id } };
    const image = unwrap(await session.client.GET('/api/v1/images/{imageId}', { params }));
    session.out.item(image, imageColumns);
  } else {
    const params = { path: { isoId: id } };
    const iso = unwrap(await session.client.GET('/api/v1/isos/{isoId}', { params }));
    session.out.item(iso, mediaColumns);
  }
}

function mediaIdOf(session: Session, kind: MediaKind, name: string): Promise<string> {
  return kind === 'image' ? imageIdOf(session.client, name) : isoIdOf(session.client, name);
}

/** A bar on a terminal, nothing elsewhere: parts come too fast for a log. */
function uploadProgress(session: Session, name: string) {
  const { stderr } = session.world;
  return ({ sentBytes, sizeBytes }: { sentBytes: number; sizeBytes: number }) => {
    if (stderr.isTTY !== true) return;
    const percent = Math.floor((sentBytes / sizeBytes) * 100);
    const end = sentBytes === sizeBytes ? '\n' : '';
    stderr.write(
      `\r\u001b[K${name}: ${formatSize(sentBytes)} of ${formatSize(sizeBytes)} ${percent}%${end}`,
    );
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    const { size } = await stat(path);
    if (size === 0) throw new UsageError(`${path} is empty.`);
    return size;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be read.`, { cause: error });
  }
}

async function checksumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

/** A file name as a name of the API: characters that it refuses become dashes. */
export function nameOf(path: string): string {
  const name = basename(path)
    .replace(/[^A-Za-z0-9 ._+()@-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 128)
    .trimEnd();
  if (name === '') throw new UsageError('Give it a name with --name.');
  return name;
}
