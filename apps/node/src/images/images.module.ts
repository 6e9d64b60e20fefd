import { Module } from '@nestjs/common';
import { TasksModule } from '../tasks/tasks.module';
import { VolumesModule } from '../volumes/volumes.module';
import { ImagesController } from './images.controller';
import { IsosController } from './isos.controller';
import { MediaImport } from './media-import';
import { MediaService } from './media.service';
import { MediaStore } from './media-store';
import { MediaTasks } from './media-tasks';
import { MediaUpkeep } from './media-upkeep';
import { MediaViews } from './media-views';
import { Staging } from './staging';
import { UploadAnswers } from './upload-answers';

@Module({
  imports: [TasksModule, VolumesModule],
  controllers: [ImagesController, IsosController],
  providers: [
    MediaStore,
    MediaService,
    MediaImport,
    MediaTasks,
    MediaViews,
    MediaUpkeep,
    Staging,
    UploadAnswers,
  ],
  exports: [MediaStore, MediaUpkeep],
})
export class ImagesModule {}
