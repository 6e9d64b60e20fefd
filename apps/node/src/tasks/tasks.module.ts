import { Module } from '@nestjs/common';
import { TaskAnswers } from './task-answers';
import { TaskRunner } from './task-runner';
import { TaskStore } from './task-store';
import { TasksController } from './tasks.controller';
import { TasksService } from './tasks.service';

@Module({
  controllers: [TasksController],
  providers: [TaskStore, TaskRunner, TaskAnswers, TasksService],
  exports: [TaskRunner, TaskAnswers, TaskStore],
})
export class TasksModule {}
