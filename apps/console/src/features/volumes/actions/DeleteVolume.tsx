import type { Volume } from '@cairn/contracts';
import type { ReactElement } from 'react';

import { usePlan } from '../../../api/usePlan';
import { useRun } from '../../../api/useRun';
import { PlanModal } from '../../../components/PlanModal';

/** Deletes a volume that nobody uses. */
export function DeleteVolumeModal({
  volume,
  onClose,
}: {
  readonly volume: Volume;
  readonly onClose: () => void;
}): ReactElement {
  const run = useRun();
  const input = { params: { volumeId: volume.id } };
  const plan = usePlan('deleteVolume', input);
  return (
    <PlanModal
      title={`Delete the volume ${volume.name}?`}
      confirmLabel="Delete"
      tone="danger"
      plan={plan.data}
      planError={plan.error}
      typeToConfirm={volume.name}
      onConfirm={() => {
        onClose();
        void run(`delete ${volume.name}`, (gateway) => gateway.call('deleteVolume', input));
      }}
      onClose={onClose}
    />
  );
}
