import { Controller } from '@nestjs/common';
import type { ApiToken, ApiTokenCreated, Page } from '@cairn/contracts';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Context, type RequestContext } from '../platform/request-context';
import { ApiTokensService } from './api-tokens.service';

@Controller()
export class ApiTokensController {
  constructor(private readonly apiTokens: ApiTokensService) {}

  @Operation('listApiTokens')
  async list(
    @Input() input: InputOf<'listApiTokens'>,
    @Context() context: RequestContext,
  ): Promise<Page<ApiToken>> {
    return this.apiTokens.list(input.query, context);
  }

  @Operation('createApiToken')
  async create(
    @Input() input: InputOf<'createApiToken'>,
    @Context() context: RequestContext,
  ): Promise<ApiTokenCreated> {
    return this.apiTokens.create(input.body, context);
  }

  @Operation('deleteApiToken')
  async revoke(
    @Input() input: InputOf<'deleteApiToken'>,
    @Context() context: RequestContext,
  ): Promise<void> {
    await this.apiTokens.revoke(input.params.tokenId, context);
  }
}
