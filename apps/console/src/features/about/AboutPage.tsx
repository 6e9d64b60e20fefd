import { PageSection } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { useCluster, useNodes } from '../../api/collections';
import { CopyText } from '../../components/CopyText';
import { Facts } from '../../components/Facts';
import { PageHeader } from '../../components/PageHeader';
import { TitledCard } from '../../components/TitledCard';

/** Versions, the API, and the keys of the console. */
export function AboutPage(): ReactElement {
  const cluster = useCluster().data;
  const nodes = useNodes().data ?? [];
  return (
    <>
      <PageHeader title="About" />
      <PageSection hasBodyWrapper={false} isFilled>
        <div className="overview-grid">
          <TitledCard title="Cairn">
            <Facts
              facts={[
                { term: 'Version', value: cluster?.version },
                { term: 'Cluster', value: cluster?.name },
                {
                  term: 'Cluster id',
                  value: cluster && <CopyText text={cluster.id} label="cluster id" />,
                },
                {
                  term: 'QEMU',
                  value: nodes
                    .map((node) => `${node.name}: ${node.status.qemuVersion ?? '–'}`)
                    .join(', '),
                },
                { term: 'Licence', value: 'Apache 2.0' },
              ]}
            />
          </TitledCard>
          <TitledCard title="For programs">
            <Facts
              facts={[
                {
                  term: 'API',
                  value: <CopyText text={`${window.location.origin}/api/v1`} label="API address" />,
                },
                {
                  term: 'Description',
                  value: <a href="/api/v1/openapi.json">OpenAPI 3.1 document</a>,
                },
                { term: 'Metrics', value: <a href="/metrics">Prometheus metrics</a> },
              ]}
            />
          </TitledCard>
          <TitledCard title="Keys">
            <Facts
              facts={[
                { term: 'Ctrl K', value: 'Search or jump to a page, VM, image or node' },
                { term: '/', value: 'Into the search of a list' },
                { term: 'Esc', value: 'Close a dialog' },
              ]}
            />
          </TitledCard>
        </div>
      </PageSection>
    </>
  );
}
