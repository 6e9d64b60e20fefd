// A cluster without users gets its administrator from the one-time password that the installer
// put into a file. The password must be changed at the first log-in.
import { Inject, Injectable } from '@nestjs/common';
import { UserEntity } from '@cairn/persistence';
import { readFile } from 'node:fs/promises';
import type { Logger } from '@cairn/telemetry';
import { Database } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { newId } from '../platform/ids';
import { ProblemError } from '../platform/problem';
import { LOGGER } from '../platform/tokens';
import { hashPassword } from './passwords';
import { UsersService } from './users.service';

const FIRST_NAME = 'admin';

@Injectable()
export class FirstAdministrator {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Does nothing once there is any user. */
  async ensure(): Promise<void> {
    const existing = await this.database.read((manager) => manager.count(UserEntity));
    if (existing > 0) return;
    const path = this.environment.bootstrapPasswordFile;
    if (path === null) {
      this.logger.warn('there is no user and CAIRN_BOOTSTRAP_PASSWORD_FILE is not set');
      return;
    }
    const password = (await readFile(path, 'utf8')).trim();
    if (password === '') throw new Error(`${path} is empty`);
    try {
      await this.users.insert({
        id: newId(),
        name: FIRST_NAME,
        displayName: 'Administrator',
        role: 'administrator',
        passwordHash: await hashPassword(password),
        mustChangePassword: true,
      });
      this.logger.info({ user: FIRST_NAME }, 'first administrator created');
    } catch (error) {
      const wasFaster = error instanceof ProblemError && error.code === 'user.nameTaken';
      if (!wasFaster) throw error;
    }
  }
}
