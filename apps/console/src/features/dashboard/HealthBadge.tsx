import type { ReactElement } from 'react';
import { Link } from 'react-router';

import { useCluster } from '../../api/collections';
import { useFeedState } from '../../api/useLive';
import { StatusLabel } from '../../components/StatusLabel';
import { clusterStatusView } from './clusterView';

/** The cluster's health in the top bar. */
export function HealthBadge(): ReactElement | null {
  const cluster = useCluster();
  const feed = useFeedState();
  if (feed.kind === 'lost') {
    return <StatusLabel view={{ label: 'Not connected', tone: 'warning' }} />;
  }
  if (!cluster.data) return null;
  return (
    <Link to="/" className="health-badge" aria-label={`Cluster ${cluster.data.name}`}>
      <span className="health-badge-name">{cluster.data.name}</span>
      <StatusLabel view={clusterStatusView(cluster.data)} />
    </Link>
  );
}
