import { Module } from '@nestjs/common';
import { TasksModule } from '../tasks/tasks.module';
import { VolumesModule } from '../volumes/volumes.module';
import { DriveTasks } from './drive-tasks';
import { DrivesController } from './drives.controller';
import { DrivesService } from './drives.service';

@Module({
  imports: [TasksModule, VolumesModule],
  controllers: [DrivesController],
  providers: [DriveTasks, DrivesService],
})
export class DrivesModule {}
