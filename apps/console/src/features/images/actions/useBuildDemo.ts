import type { DemoFlavour, Task } from '@cairn/contracts';

import { useImages } from '../../../api/collections';
import { useRun } from '../../../api/useRun';

/** Builds a demo image from packages of the node: a first VM without any download. */
export function useBuildDemo(): {
  readonly build: (flavour: DemoFlavour) => Promise<Task | null>;
  /** One is being built already. */
  readonly isBuilding: boolean;
} {
  const run = useRun();
  const images = useImages().data ?? [];
  return {
    build: (flavour) =>
      run('build the demo image', (gateway) =>
        gateway.call('buildDemoImage', { body: { flavour } }),
      ),
    isBuilding: images.some((image) => image.status.state === 'building'),
  };
}
