import { Button, Card, CardBody, CardTitle, Progress } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { useRun } from '../../api/useRun';
import { PauseIcon, PlayIcon, TimesIcon } from '../../components/icons';
import { problemLine } from '../../components/problem';
import { uploadLine } from './mediaView';
import type { Upload, UploadQueue } from './UploadQueue';
import { useUploads } from './uploads';

/** The files that this page is sending. */
export function UploadList(): ReactElement | null {
  const { queue, uploads } = useUploads();
  if (uploads.length === 0) return null;
  return (
    <Card className="upload-list" isCompact>
      <CardTitle component="h2">Uploading from this browser</CardTitle>
      <CardBody>
        {uploads.map((upload) => (
          <UploadRow key={upload.id} upload={upload} queue={queue} />
        ))}
      </CardBody>
    </Card>
  );
}

function UploadRow({
  upload,
  queue,
}: {
  readonly upload: Upload;
  readonly queue: UploadQueue;
}): ReactElement {
  const run = useRun();
  const percent = upload.sizeBytes > 0 ? (upload.receivedBytes / upload.sizeBytes) * 100 : 0;
  const isRunning = upload.state === 'running';
  return (
    <div className="upload-row">
      <strong>{upload.name}</strong>
      <span className="upload-progress">
        <Progress
          value={percent}
          size="sm"
          measureLocation="none"
          aria-label={`Upload of ${upload.name}`}
          {...(upload.state === 'failed' ? { variant: 'danger' as const } : {})}
        />
        <span className={upload.state === 'failed' ? 'tone-danger' : 'subtle'}>
          {upload.state === 'failed' ? problemLine(upload.error) : uploadLine(upload)}
          {upload.state === 'paused' && ' · paused'}
        </span>
      </span>
      <span className="upload-actions">
        <Button
          variant="link"
          size="sm"
          icon={isRunning ? <PauseIcon /> : <PlayIcon />}
          aria-label={`${isRunning ? 'Pause' : 'Resume'} the upload of ${upload.name}`}
          onClick={() => (isRunning ? queue.pause(upload.id) : queue.resume(upload.id))}
        >
          {isRunning ? 'Pause' : upload.state === 'failed' ? 'Try again' : 'Resume'}
        </Button>
        <Button
          variant="link"
          size="sm"
          isDanger
          icon={<TimesIcon />}
          aria-label={`Cancel the upload of ${upload.name}`}
          onClick={() =>
            void run(`cancel the upload of ${upload.name}`, () => queue.cancel(upload.id))
          }
        >
          Cancel
        </Button>
      </span>
    </div>
  );
}
