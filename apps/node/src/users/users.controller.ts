import { Controller } from '@nestjs/common';
import type { Page, PasswordReset, Role, User, UserCreated } from '@cairn/contracts';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Context, type RequestContext } from '../platform/request-context';
import { UsersService } from './users.service';

@Controller()
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Operation('listRoles')
  roles(@Input() _input: InputOf<'listRoles'>): Page<Role> {
    return this.users.roles();
  }

  @Operation('listUsers')
  async list(@Input() input: InputOf<'listUsers'>): Promise<Page<User>> {
    return this.users.list(input.query);
  }

  @Operation('createUser')
  async create(@Input() input: InputOf<'createUser'>): Promise<UserCreated> {
    return this.users.create(input.body);
  }

  @Operation('getUser')
  async get(@Input() input: InputOf<'getUser'>): Promise<User> {
    return this.users.get(input.params.userId);
  }

  @Operation('updateUser')
  async update(
    @Input() input: InputOf<'updateUser'>,
    @Context() context: RequestContext,
  ): Promise<User> {
    return this.users.update(input.params.userId, input.body, context.ifMatch);
  }

  @Operation('deleteUser')
  async delete(
    @Input() input: InputOf<'deleteUser'>,
    @Context() context: RequestContext,
  ): Promise<void> {
    await this.users.delete(input.params.userId, context.ifMatch);
  }

  @Operation('resetPassword')
  async resetPassword(@Input() input: InputOf<'resetPassword'>): Promise<PasswordReset> {
    return this.users.resetPassword(input.params.userId);
  }
}
