import type { Cluster } from '@cairn/contracts';
import { Card, CardBody, CardHeader, CardTitle, PageSection } from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Link } from 'react-router';

import { useCluster, useNodes, useTasks } from '../../api/collections';
import { DataView } from '../../components/DataView';
import { pluralize } from '../../components/format';
import { PageHeader } from '../../components/PageHeader';
import { ToneIcon } from '../../components/StatusLabel';
import { LoadingState } from '../../components/States';
import { TitledCard } from '../../components/TitledCard';
import { UsageBar } from '../../components/UsageBar';
import { TaskRow } from '../tasks/TaskRow';
import { attentions, capacityViews, clusterStatusView, type CapacityView } from './clusterView';
import { FirstSteps } from './FirstSteps';
import { LoadCharts } from './LoadCharts';

const lastTasks = 6;

/** How the cluster is, in one look. */
export function DashboardPage(): ReactElement {
  const cluster = useCluster();
  return (
    <>
      <PageHeader title="Dashboard" />
      <PageSection hasBodyWrapper={false} isFilled className="dashboard">
        <DataView query={cluster} what="the cluster">
          {(data) => <DashboardBody cluster={data} />}
        </DataView>
      </PageSection>
    </>
  );
}

function DashboardBody({ cluster }: { readonly cluster: Cluster }): ReactElement {
  return (
    <div className="dashboard-grid">
      <HealthCard cluster={cluster} />
      <FirstSteps />
      {capacityViews(cluster).map((view) => (
        <CapacityCard key={view.label} view={view} />
      ))}
      <LoadCharts vmsRunning={cluster.vmsRunning} />
      <LastTasksCard />
    </div>
  );
}

function HealthCard({ cluster }: { readonly cluster: Cluster }): ReactElement {
  const nodes = useNodes().data;
  const view = clusterStatusView(cluster);
  const list = attentions(cluster, nodes ?? []);
  return (
    <Card className={`health-card is-${view.tone}`}>
      <CardBody>
        <div className="health-sentence">
          <span className={`health-icon tone-${view.tone}`}>
            <ToneIcon tone={view.tone} />
          </span>
          <div>
            <p className="health-summary">{cluster.status.summary}</p>
            <p className="subtle">
              {cluster.nodesOnline} of {pluralize(cluster.nodesTotal, 'node')} online ·{' '}
              {cluster.vmsRunning} of {pluralize(cluster.vmsTotal, 'VM')} running ·{' '}
              {budgetSentence(cluster)}
            </p>
          </div>
        </div>
        {list.length > 0 && (
          <ul className="attention-list">
            {list.map((each) => (
              <li key={each.key}>
                <span className={`tone-${each.tone}`}>
                  <ToneIcon tone={each.tone} />
                </span>
                <span>
                  {each.path === '/' ? (
                    <strong>{each.title}</strong>
                  ) : (
                    <Link to={each.path}>{each.title}</Link>
                  )}{' '}
                  <span className="subtle">{each.detail}</span>
                </span>
              </li>
            ))}
          </ul>
        )}
      </CardBody>
    </Card>
  );
}

function budgetSentence({ failureBudget }: Cluster): string {
  const { nodes, drives, limitingFactor } = failureBudget;
  if (nodes === 0 && drives === 0) return `no failure can be survived: ${limitingFactor}`;
  return `survives the loss of ${pluralize(nodes, 'node')} and ${pluralize(drives, 'drive')}`;
}

function CapacityCard({ view }: { readonly view: CapacityView }): ReactElement {
  return (
    <Card className="capacity-card">
      <CardHeader>
        <CardTitle component="h2">{view.label}</CardTitle>
      </CardHeader>
      <CardBody>
        <p className="capacity-headline">{view.headline}</p>
        <UsageBar
          label={view.label}
          used={view.used}
          total={view.total}
          committed={view.committed}
        />
        <p className={view.isOvercommitted ? 'tone-warning' : 'subtle'}>{view.promise}</p>
      </CardBody>
    </Card>
  );
}

function LastTasksCard(): ReactElement {
  const tasks = useTasks();
  return (
    <TitledCard title="Last tasks" className="last-tasks" link={<Link to="/tasks">All tasks</Link>}>
      <DataView query={tasks} what="tasks" loading={<LoadingState label="tasks" rows={3} />}>
        {(items) =>
          items.length === 0 ? (
            <p className="subtle">Nothing has been done yet.</p>
          ) : (
            <div>
              {items.slice(0, lastTasks).map((task) => (
                <TaskRow key={task.id} task={task} />
              ))}
            </div>
          )
        }
      </DataView>
    </TitledCard>
  );
}
