import { Module } from '@nestjs/common';
import { ImagesModule } from '../images/images.module';
import { MetricsModule } from '../metrics/metrics.module';
import { NodesModule } from '../nodes/nodes.module';
import { TasksModule } from '../tasks/tasks.module';
import { VolumesModule } from '../volumes/volumes.module';
import { DiskProvisioning } from './disk-provisioning';
import { VmBoard } from './vm-board';
import { VmCreateTask } from './vm-create-task';
import { VmCreation } from './vm-creation';
import { VmDeleteTask } from './vm-delete-task';
import { VmDevicesController } from './vm-devices.controller';
import { VmDevicesService } from './vm-devices.service';
import { VmDeviceTasks } from './vm-device-tasks';
import { VmPower } from './vm-power';
import { VmPowerTasks } from './vm-power-tasks';
import { VmReconciler } from './vm-reconciler';
import { VmSampler } from './vm-sampler';
import { VmStore } from './vm-store';
import { VmViews } from './vm-views';
import { VmsController } from './vms.controller';
import { VmsService } from './vms.service';

@Module({
  imports: [TasksModule, VolumesModule, ImagesModule, NodesModule, MetricsModule],
  controllers: [VmsController, VmDevicesController],
  providers: [
    VmStore,
    VmBoard,
    VmViews,
    VmCreation,
    DiskProvisioning,
    VmPower,
    VmPowerTasks,
    VmCreateTask,
    VmDeleteTask,
    VmDeviceTasks,
    VmsService,
    VmDevicesService,
    VmReconciler,
    VmSampler,
  ],
  exports: [VmStore, VmReconciler, VmSampler],
})
export class VmsModule {}
