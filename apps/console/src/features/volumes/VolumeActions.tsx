import type { Volume } from '@cairn/contracts';
import { useState, type ReactElement } from 'react';

import { useMay } from '../../api/session';
import { GuardedButton } from '../../components/GuardedButton';
import { TrashIcon } from '../../components/icons';
import { refusalReason } from '../../components/tone';
import { DeleteVolumeModal } from './actions/DeleteVolume';
import { ResizeVolumeModal } from './actions/ResizeVolume';
import { mayDeleteVolume, mayResizeVolume } from './volumeView';

/** The verbs of one volume. */
export function VolumeActions({ volume }: { readonly volume: Volume }): ReactElement {
  const [open, setOpen] = useState<'none' | 'resize' | 'delete'>('none');
  const may = useMay();
  const close = (): void => setOpen('none');
  return (
    <span className="row-buttons">
      {may('volumes:update') && (
        <GuardedButton
          variant="link"
          size="sm"
          aria-label={`Make ${volume.name} larger`}
          disabledReason={refusalReason(mayResizeVolume(volume))}
          onClick={() => setOpen('resize')}
        >
          Make larger
        </GuardedButton>
      )}
      {may('volumes:delete') && (
        <GuardedButton
          variant="plain"
          size="sm"
          icon={<TrashIcon />}
          aria-label={`Delete ${volume.name}`}
          disabledReason={refusalReason(mayDeleteVolume(volume))}
          onClick={() => setOpen('delete')}
        />
      )}
      {open === 'resize' && <ResizeVolumeModal volume={volume} onClose={close} />}
      {open === 'delete' && <DeleteVolumeModal volume={volume} onClose={close} />}
    </span>
  );
}
