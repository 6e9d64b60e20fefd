import type { ReactElement } from 'react';

import { usePlan } from '../../../api/usePlan';
import { useRun } from '../../../api/useRun';
import { PlanModal, type PlanModalProps } from '../../../components/PlanModal';
import type { Media } from '../mediaView';

/** Deletes an image or an ISO; VMs that were made from it keep their disks. */
export function DeleteMediaModal({
  media,
  onClose,
}: {
  readonly media: Media;
  readonly onClose: () => void;
}): ReactElement {
  return media.kind === 'image' ? (
    <DeleteImage id={media.item.id} name={media.item.name} onClose={onClose} />
  ) : (
    <DeleteIso id={media.item.id} name={media.item.name} onClose={onClose} />
  );
}

interface DeleteProps {
  readonly id: string;
  readonly name: string;
  readonly onClose: () => void;
}

function DeleteImage({ id, name, onClose }: DeleteProps): ReactElement {
  const run = useRun();
  const input = { params: { imageId: id } };
  const plan = usePlan('deleteImage', input);
  return (
    <PlanModal
      {...wordsFor(name)}
      plan={plan.data}
      planError={plan.error}
      onClose={onClose}
      onConfirm={() => {
        onClose();
        void run(`delete ${name}`, (gateway) => gateway.call('deleteImage', input));
      }}
    />
  );
}

function DeleteIso({ id, name, onClose }: DeleteProps): ReactElement {
  const run = useRun();
  const input = { params: { isoId: id } };
  const plan = usePlan('deleteIso', input);
  return (
    <PlanModal
      {...wordsFor(name)}
      plan={plan.data}
      planError={plan.error}
      onClose={onClose}
      onConfirm={() => {
        onClose();
        void run(`delete ${name}`, (gateway) => gateway.call('deleteIso', input));
      }}
    />
  );
}

function wordsFor(name: string): Pick<PlanModalProps, 'title' | 'confirmLabel' | 'tone'> {
  return { title: `Delete ${name}?`, confirmLabel: 'Delete', tone: 'danger' };
}
