import { Controller } from '@nestjs/common';
import type { Node, Page } from '@cairn/contracts';
import { Input, Operation, type InputOf } from '../platform/operation';
import { NodesService } from './nodes.service';

@Controller()
export class NodesController {
  constructor(private readonly nodes: NodesService) {}

  @Operation('listNodes')
  async list(@Input() input: InputOf<'listNodes'>): Promise<Page<Node>> {
    return this.nodes.list(input.query);
  }

  @Operation('getNode')
  async get(@Input() input: InputOf<'getNode'>): Promise<Node> {
    return this.nodes.get(input.params.nodeId);
  }
}
