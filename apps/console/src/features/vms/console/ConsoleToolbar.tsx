import { Button, Tooltip } from '@patternfly/react-core';
import { useSyncExternalStore, type ReactElement, type ReactNode, type RefObject } from 'react';

import { GuardedButton } from '../../../components/GuardedButton';
import {
  CompressIcon,
  ExpandIcon,
  ExternalLinkAltIcon,
  KeyboardIcon,
  PasteIcon,
} from '../../../components/icons';

export interface ConsoleToolbarProps {
  /** The element that becomes full screen. */
  readonly frame: RefObject<HTMLElement | null>;
  readonly isConnected: boolean;
  readonly isScaled: boolean;
  readonly onScaledChange: (isScaled: boolean) => void;
  readonly onCtrlAltDel: () => void;
  readonly onPaste: () => void;
  readonly onPopOut?: () => void;
}

const notConnected = 'The screen is not connected';

/** Keys, clipboard and size of a guest's screen. */
export function ConsoleToolbar(props: ConsoleToolbarProps): ReactElement {
  const disabledReason = props.isConnected ? undefined : notConnected;
  return (
    <div className="console-toolbar" role="toolbar" aria-label="Screen controls">
      <GuardedButton
        variant="plain"
        size="sm"
        icon={<KeyboardIcon />}
        disabledReason={disabledReason}
        onClick={props.onCtrlAltDel}
      >
        Ctrl-Alt-Del
      </GuardedButton>
      <GuardedButton
        variant="plain"
        size="sm"
        icon={<PasteIcon />}
        disabledReason={disabledReason}
        onClick={props.onPaste}
      >
        Paste
      </GuardedButton>
      <span className="console-toolbar-gap" />
      <IconButton
        label={props.isScaled ? 'Show at natural size' : 'Scale to fit'}
        icon={props.isScaled ? <span className="one-to-one">1:1</span> : <CompressIcon />}
        onClick={() => props.onScaledChange(!props.isScaled)}
      />
      {props.onPopOut && (
        <IconButton
          label="Open in a new window"
          icon={<ExternalLinkAltIcon />}
          onClick={props.onPopOut}
        />
      )}
      <FullScreenButton frame={props.frame} />
    </div>
  );
}

/** Puts the console on the whole screen, and back. */
export function FullScreenButton({
  frame,
}: {
  readonly frame: RefObject<HTMLElement | null>;
}): ReactElement {
  const isFull = useSyncExternalStore(
    subscribeFullScreen,
    () => document.fullscreenElement !== null,
  );
  const toggle = (): void => {
    if (isFull) void document.exitFullscreen();
    else void frame.current?.requestFullscreen();
  };
  return (
    <IconButton
      label={isFull ? 'Leave full screen' : 'Full screen'}
      icon={isFull ? <CompressIcon /> : <ExpandIcon />}
      onClick={toggle}
    />
  );
}

/** A button with only an icon; its name is shown on hover and read aloud. */
export function IconButton(props: {
  readonly label: string;
  readonly icon: ReactNode;
  readonly onClick: () => void;
}): ReactElement {
  return (
    <Tooltip content={props.label}>
      <Button
        variant="plain"
        size="sm"
        aria-label={props.label}
        icon={props.icon}
        onClick={props.onClick}
      />
    </Tooltip>
  );
}

function subscribeFullScreen(listener: () => void): () => void {
  document.addEventListener('fullscreenchange', listener);
  return () => document.removeEventListener('fullscreenchange', listener);
}
