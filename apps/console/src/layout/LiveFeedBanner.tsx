import { Banner, Spinner } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { useFeedState } from '../api/useLive';
import { formatRelativeTime } from '../components/format';
import { useNowMs } from '../components/RelativeTime';

/** Says that what is on the screen is not live, for as long as that is so. */
export function LiveFeedBanner(): ReactElement | null {
  const feed = useFeedState();
  const nowMs = useNowMs();
  if (feed.kind !== 'lost') return null;
  const since = formatRelativeTime({ iso: new Date(feed.sinceMs).toISOString(), nowMs });
  return (
    <Banner status="warning" screenReaderText="Connection lost" role="status">
      <span className="feed-banner">
        <Spinner size="sm" isInline aria-hidden />
        Connection to the cluster lost {since}. What you see may be out of date; the console is
        reconnecting by itself.
      </span>
    </Banner>
  );
}
