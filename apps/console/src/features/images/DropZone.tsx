import { useState, type DragEvent, type ReactElement, type ReactNode } from 'react';

/** An area that takes files; the buttons on the page do the same by keyboard. */
export function DropZone({
  isEnabled,
  onFiles,
  children,
}: {
  readonly isEnabled: boolean;
  readonly onFiles: (files: readonly File[]) => void;
  readonly children: ReactNode;
}): ReactElement {
  const [isOver, setOver] = useState(false);
  const hasFiles = (event: DragEvent): boolean =>
    isEnabled && event.dataTransfer.types.includes('Files');
  return (
    <div
      className={`drop-zone ${isOver ? 'is-over' : ''}`}
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (event.currentTarget === event.target) setOver(false);
      }}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(false);
        onFiles([...event.dataTransfer.files]);
      }}
    >
      {children}
      {isOver && <div className="drop-veil">Drop to upload</div>}
    </div>
  );
}
