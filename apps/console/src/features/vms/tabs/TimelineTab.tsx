import type { Vm } from '@cairn/contracts';
import type { ReactElement } from 'react';

import { useTasks } from '../../../api/collections';
import { DataView } from '../../../components/DataView';
import { NothingHere } from '../../../components/States';
import { TaskTimeline } from '../../tasks/TaskTimeline';

/** What was done to the VM, the newest first. */
export function TimelineTab({ vm }: { readonly vm: Vm }): ReactElement {
  const tasks = useTasks();
  return (
    <DataView query={tasks} what="the timeline">
      {(all) => {
        const own = all.filter((task) => task.resource?.id === vm.id);
        return own.length === 0 ? (
          <NothingHere isSmall title="No task of this VM among the recent ones" />
        ) : (
          <TaskTimeline tasks={own} />
        );
      }}
    </DataView>
  );
}
