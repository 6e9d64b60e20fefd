import type { Task } from '@cairn/contracts';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { UploadOptions } from '../../api/gateway';
import { FakeGateway } from '../../testing/FakeGateway';
import { imageFixture, taskFixture } from '../../testing/fixtures';
import { UploadQueue } from './UploadQueue';

const image = imageFixture({});
const task = taskFixture({});
const file = new Blob(['x'.repeat(100)]);

describe('UploadQueue', () => {
  let gateway: FakeGateway;
  let queue: UploadQueue;
  let sends: UploadOptions[];
  let finish: ((task: Task) => void) | undefined;
  let fail: ((reason: unknown) => void) | undefined;
  let nowMs: number;
  const onTask = vi.fn();

  beforeEach(() => {
    nowMs = 0;
    sends = [];
    onTask.mockClear();
    gateway = new FakeGateway().on('createImage', image).on('deleteImage', task);
    gateway.uploadImpl = (options) => {
      sends.push(options);
      return new Promise((resolve, reject) => {
        finish = resolve;
        fail = reject;
        options.signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    };
    queue = new UploadQueue({ gateway, onTask, now: () => nowMs });
  });

  const start = (): Promise<void> => queue.start({ kind: 'image', name: 'debian-12', file });

  it('announces the file with its size and sends it', async () => {
    await start();
    expect(gateway.inputsOf('createImage')).toEqual([
      { body: { name: 'debian-12', sizeBytes: 100 } },
    ]);
    expect(queue.getUploads()[0]).toMatchObject({ state: 'running', sizeBytes: 100 });
  });

  it('measures the rate and hands over to the import when everything is sent', async () => {
    await start();
    nowMs = 2_000;
    sends[0]?.onProgress({ receivedBytes: 50, sizeBytes: 100 });
    expect(queue.getUploads()[0]).toMatchObject({ receivedBytes: 50, bytesPerSecond: 25 });
    finish?.(task);
    await vi.waitFor(() => expect(queue.getUploads()).toEqual([]));
    expect(onTask).toHaveBeenCalledWith(task);
  });

  it('pauses without losing what was sent, and goes on from there', async () => {
    await start();
    sends[0]?.onProgress({ receivedBytes: 60, sizeBytes: 100 });
    queue.pause(image.id);
    await vi.waitFor(() => expect(queue.getUploads()[0]?.state).toBe('paused'));
    await Promise.resolve();
    queue.resume(image.id);
    await vi.waitFor(() => expect(sends).toHaveLength(2));
    expect(sends[1]?.startAt).toBe(60);
    expect(queue.getUploads()[0]?.state).toBe('running');
  });

  it('keeps a failed upload with its reason, so that it can be tried again', async () => {
    await start();
    fail?.(new Error('the line is cut'));
    await vi.waitFor(() => expect(queue.getUploads()[0]?.state).toBe('failed'));
    queue.resume(image.id);
    expect(queue.getUploads()[0]).toMatchObject({ state: 'running', error: null });
  });

  it('leaves nothing behind when it is cancelled', async () => {
    await start();
    await queue.cancel(image.id);
    expect(queue.getUploads()).toEqual([]);
    expect(gateway.inputsOf('deleteImage')).toEqual([{ params: { imageId: image.id } }]);
    expect(sends[0]?.signal.aborted).toBe(true);
  });

  it('keeps nothing when the announcement is refused', async () => {
    const refusing = new UploadQueue({ gateway: new FakeGateway(), onTask, now: () => 0 });
    await expect(refusing.start({ kind: 'iso', name: 'x', file })).rejects.toThrow();
    expect(refusing.getUploads()).toEqual([]);
  });
});
