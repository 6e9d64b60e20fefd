/** What is left to do until a new cluster runs its first VM. */
export interface FirstStep {
  readonly title: string;
  readonly detail: string;
  readonly button: string;
  readonly path: string;
  readonly state: 'done' | 'next' | 'later';
}

export interface ClusterProgress {
  readonly drives: number;
  /** Images and ISOs that are ready. */
  readonly media: number;
  readonly vms: number;
}

/** The steps in their order; exactly one is next until all are done. */
export function firstSteps(progress: ClusterProgress): readonly FirstStep[] {
  const steps = [
    {
      title: 'Add a drive',
      detail: 'A disk of the node, or a file, becomes the pool that holds all volumes.',
      button: 'Choose a drive',
      path: '/drives',
      isDone: progress.drives > 0,
    },
    {
      title: 'Bring an image',
      detail: 'Upload or download a disk image or an ISO, or build the demo image in seconds.',
      button: 'Add an image',
      path: '/images',
      isDone: progress.media > 0,
    },
    {
      title: 'Create a VM',
      detail: 'One page: name, CPU, memory, disk, network. It starts right away.',
      button: 'Create a VM',
      path: '/vms/create',
      isDone: progress.vms > 0,
    },
  ];
  const next = steps.findIndex((step) => !step.isDone);
  return steps.map(({ isDone, ...step }, index) => ({
    ...step,
    state: isDone ? 'done' : index === next ? 'next' : 'later',
  }));
}
