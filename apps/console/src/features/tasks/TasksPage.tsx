import type { Task } from '@cairn/contracts';
import { PageSection } from '@patternfly/react-core';
import { useMemo, type ReactElement } from 'react';

import { useTasks } from '../../api/collections';
import { DataView } from '../../components/DataView';
import { TasksIcon } from '../../components/icons';
import { PageHeader } from '../../components/PageHeader';
import { filterItems, type FieldsOf } from '../../components/query';
import { QueryBar } from '../../components/QueryBar';
import { NothingHere } from '../../components/States';
import { useListState } from '../../components/useListState';
import { TaskTimeline } from './TaskTimeline';
import { taskTitle } from './taskView';

const fieldsOf: FieldsOf<Task> = (task) => ({
  title: [taskTitle(task)],
  state: [task.state],
  kind: [task.kind],
  actor: [task.actor.name],
  name: [task.resource?.name ?? ''],
});

/** What the cluster does and has done. */
export function TasksPage(): ReactElement {
  const tasks = useTasks();
  return (
    <>
      <PageHeader title="Tasks" description="What the cluster does and has done lately." />
      <PageSection hasBodyWrapper={false} isFilled>
        <DataView query={tasks} what="tasks">
          {(items) =>
            items.length === 0 ? (
              <NothingHere title="No task has run yet" icon={TasksIcon}>
                Everything that takes a while appears here: who asked for it, its steps and its end.
              </NothingHere>
            ) : (
              <TaskList tasks={items} />
            )
          }
        </DataView>
      </PageSection>
    </>
  );
}

function TaskList({ tasks }: { readonly tasks: readonly Task[] }): ReactElement {
  const list = useListState();
  const shown = useMemo(() => filterItems(tasks, list.query, fieldsOf), [tasks, list.query]);
  return (
    <>
      <QueryBar
        what="tasks"
        query={list.query}
        onQueryChange={list.setQuery}
        hint="Search: state:failed, kind:vm.start, actor:admin …  ( / )"
        shortcuts={['state:running', 'state:failed', 'state:succeeded']}
        found={shown.length}
        total={tasks.length}
      />
      {shown.length === 0 ? (
        <NothingHere isSmall title="No task matches the search" />
      ) : (
        <TaskTimeline tasks={shown} />
      )}
    </>
  );
}
