// The tasks of images and ISOs: import of an upload, download, demo build, deletion.
import { Inject, Injectable } from '@nestjs/common';
import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { Database } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { ProblemError } from '../platform/problem';
import type { TaskContext, TaskDefinition } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { VolumeStore } from '../volumes/volume-store';
import { openDownload } from './download';
import {
  importCheckpointSchema,
  importParamsSchema,
  MediaImport,
  type ImportCheckpoint,
  type ImportParams,
  type ImportStep,
} from './media-import';
import { MediaStore, type MediaKind } from './media-store';
import { Staging } from './staging';

type ImportDefinition = TaskDefinition<ImportParams, ImportCheckpoint>;

const deleteParamsSchema = z.object({
  mediaId: z.string(),
  kind: z.enum(['image', 'iso']),
  volumeId: z.string().nullable(),
});
export type MediaDeleteParams = z.infer<typeof deleteParamsSchema>;

const run = promisify(execFile);
/** Downloads whose server tells no size are cut off here. */
const UNKNOWN_SIZE_BYTES_MAX = 64 * 2 ** 30;
const BUILD_DEADLINE_MS = 20 * 60_000;

@Injectable()
export class MediaTasks {
  readonly imports: Readonly<Record<MediaKind, ImportDefinition>>;
  readonly downloads: Readonly<Record<MediaKind, ImportDefinition>>;
  readonly buildDemo: ImportDefinition;
  readonly deletions: Readonly<
    Record<MediaKind, TaskDefinition<MediaDeleteParams, Record<string, never>>>
  >;

  readonly #download: ImportStep = {
    name: 'Download the file',
    weight: 10,
    run: async (context) => this.#fetch(context),
  };

  readonly #build: ImportStep = {
    name: 'Build the image from packages',
    weight: 10,
    run: async (context) => this.#buildImage(context),
  };

  constructor(
    private readonly database: Database,
    private readonly media: MediaStore,
    private readonly staging: Staging,
    private readonly volumes: VolumeStore,
    steps: MediaImport,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    runner: TaskRunner,
  ) {
    const { begin, verify, inspect, createVolume, copy, finish } = steps;
    const tail = [verify, inspect, createVolume, copy, finish];
    this.imports = {
      image: importTask('image.import', [begin, ...tail]),
      iso: importTask('iso.import', [begin, ...tail]),
    };
    this.downloads = {
      image: importTask('image.download', [begin, this.#download, ...tail]),
      iso: importTask('iso.download', [begin, this.#download, ...tail]),
    };
    this.buildDemo = importTask('image.buildDemo', [begin, this.#build, ...tail]);
    this.deletions = { image: this.#deletion('image'), iso: this.#deletion('iso') };
    for (const kind of ['image', 'iso'] as const) {
      runner.register(this.imports[kind]);
      runner.register(this.downloads[kind]);
      runner.register(this.deletions[kind]);
    }
    runner.register(this.buildDemo);
  }

  async #fetch(context: TaskContext<ImportParams, ImportCheckpoint>): Promise<void> {
    const { mediaId, url } = context.params;
    if (url === null) throw new Error('nothing to download');
    const { body, sizeBytes } = await openDownload(url, { signal: context.signal });
    try {
      const lengthMax = sizeBytes ?? UNKNOWN_SIZE_BYTES_MAX;
      await this.staging.requireSpace(sizeBytes ?? 0);
      await this.staging.create(mediaId);
      await this.media.patch(mediaId, { fileBytes: sizeBytes });
      let bytesDone = 0;
      body.on('data', (chunk: Buffer) => {
        bytesDone += chunk.length;
        context.progress({ bytesDone, bytesTotal: sizeBytes ?? 0 });
      });
      const written = await this.staging.append(mediaId, body, { offset: 0, lengthMax });
      if (sizeBytes !== null && written !== sizeBytes) throw cutShort();
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw new ProblemError('media.downloadFailed', 'The download broke off.', { cause: error });
    } finally {
      body.destroy();
    }
  }

  async #buildImage(context: TaskContext<ImportParams, ImportCheckpoint>): Promise<void> {
    const { mediaId, flavour } = context.params;
    const builder = join(this.environment.checkoutDir, 'tools/guest/build-demo-guest.mjs');
    const output = `${this.staging.pathOf(mediaId)}.build`;
    await this.staging.requireSpace(2 * 2 ** 30);
    await this.staging.create(mediaId);
    try {
      await run(
        process.execPath,
        [
          ...[builder, '--out', output, '--format', 'raw', '--json'],
          ...['--cache', join(this.environment.stateDir, 'guest-cache')],
          ...(flavour === 'debian' ? ['--debian'] : []),
        ],
        { signal: context.signal, timeout: BUILD_DEADLINE_MS, cwd: this.environment.stateDir },
      );
      await rename(output, this.staging.pathOf(mediaId));
    } catch (error) {
      throw new ProblemError('internal.error', `The demo image was not built: ${stderrOf(error)}`, {
        cause: error,
      });
    } finally {
      await rm(output, { force: true });
    }
  }

  #deletion(kind: MediaKind): TaskDefinition<MediaDeleteParams, Record<string, never>> {
    return {
      kind: kind === 'image' ? 'image.delete' : 'iso.delete',
      cancellable: false,
      onOwnerLost: 'resume',
      queueKey: ({ mediaId }) => mediaId,
      parseParams: (value) => deleteParamsSchema.parse(value),
      parseCheckpoint: () => ({}),
      steps: [
        {
          name: 'Delete the staged file',
          run: async ({ params }) => this.staging.remove(params.mediaId),
          undo: async ({ params }, cause) => {
            const error = { code: cause.code, message: cause.detail };
            await this.media.patch(params.mediaId, { state: 'failed', error });
          },
        },
        {
          name: 'Delete the volume',
          run: async ({ params }) => {
            if (params.volumeId !== null) await this.volumes.destroyContent(params.volumeId);
          },
        },
        {
          name: 'Forget it',
          run: async ({ params }) =>
            this.database.transaction(async (manager) => {
              await this.media.remove(manager, kind, params.mediaId);
              if (params.volumeId !== null) await this.volumes.removeRow(manager, params.volumeId);
            }),
        },
      ],
    };
  }
}

function importTask(
  kind: 'image.import' | 'iso.import' | 'image.download' | 'iso.download' | 'image.buildDemo',
  steps: readonly ImportStep[],
): ImportDefinition {
  return {
    kind,
    cancellable: true,
    onOwnerLost: 'undo',
    queueKey: ({ mediaId }) => mediaId,
    parseParams: (value) => importParamsSchema.parse(value),
    parseCheckpoint: (value) => importCheckpointSchema.parse(value),
    steps,
  };
}

function cutShort(): ProblemError {
  return new ProblemError('media.downloadFailed', 'The download ended before the file did.');
}

/** The builder says what is wrong in its last line on stderr. */
function stderrOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('stderr' in error)) return 'no reason given';
  return String(error.stderr).trim().split('\n').at(-1)?.slice(0, 300) ?? 'no reason given';
}
