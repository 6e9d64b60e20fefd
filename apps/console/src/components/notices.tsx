import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core';
import {
  createContext,
  useCallback,
  useContext,
  useMemo,
  useState,
  type ReactElement,
  type ReactNode,
} from 'react';
import { Link } from 'react-router';

/** A short message in the corner of the page. */
export interface Notice {
  readonly tone: 'success' | 'danger' | 'warning' | 'info';
  readonly title: string;
  readonly detail?: string | null;
  readonly link?: { readonly label: string; readonly to: string };
}

interface ShownNotice extends Notice {
  readonly key: number;
}

type Notify = (notice: Notice) => void;

const NoticeContext = createContext<Notify>(() => undefined);
const noticesMax = 4;
const goodNewsMs = 6_000;

/** Shows a message; bad news stay until they are closed. */
export function useNotify(): Notify {
  return useContext(NoticeContext);
}

/** Holds the messages of the page. */
export function NoticeProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const [notices, setNotices] = useState<readonly ShownNotice[]>([]);
  const close = useCallback(
    (key: number) => setNotices((before) => before.filter((each) => each.key !== key)),
    [],
  );
  const notify = useCallback<Notify>((notice) => {
    setNotices((before) => [
      ...before.slice(1 - noticesMax),
      { ...notice, key: (before.at(-1)?.key ?? 0) + 1 },
    ]);
  }, []);
  const shown = useMemo(() => [...notices].reverse(), [notices]);
  return (
    <NoticeContext value={notify}>
      {children}
      <AlertGroup isToast isLiveRegion>
        {shown.map((notice) => (
          <Alert
            key={notice.key}
            variant={notice.tone}
            title={notice.title}
            timeout={notice.tone === 'danger' ? false : goodNewsMs}
            onTimeout={() => close(notice.key)}
            actionClose={<AlertActionCloseButton onClose={() => close(notice.key)} />}
            {...(notice.link
              ? { actionLinks: <Link to={notice.link.to}>{notice.link.label}</Link> }
              : {})}
          >
            {notice.detail}
          </Alert>
        ))}
      </AlertGroup>
    </NoticeContext>
  );
}
