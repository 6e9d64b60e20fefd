import { Module } from '@nestjs/common';
import { VmsModule } from '../vms/vms.module';
import { ConsoleBridge } from './console-bridge';
import { ConsoleController } from './console.controller';
import { ConsoleTickets } from './console-tickets';

@Module({
  imports: [VmsModule],
  controllers: [ConsoleController],
  providers: [ConsoleTickets, ConsoleBridge],
  exports: [ConsoleBridge],
})
export class ConsoleModule {}
