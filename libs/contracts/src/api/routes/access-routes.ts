/** Routes of users, roles, sessions and API tokens. */
import { z } from 'zod';
import { apiTokenCreatedSchema, apiTokenCreateSchema, apiTokenListSchema } from '../api-tokens';
import { listQuerySchema } from '../lists';
import { idSchema } from '../primitives';
import { answers, answersNothing, creates, type Route } from '../route';
import { roleListSchema } from '../roles';
import {
  currentSessionSchema,
  passwordChangeSchema,
  sessionCreateSchema,
  sessionListSchema,
} from '../sessions';
import {
  passwordResetSchema,
  userCreatedSchema,
  userCreateSchema,
  userListSchema,
  userPatchSchema,
  userSchema,
} from '../users';

const userParams = z.strictObject({ userId: idSchema });
const sessionParams = z.strictObject({ sessionId: idSchema });
const tokenParams = z.strictObject({ tokenId: idSchema });

export const userRoutes = {
  listUsers: {
    method: 'get',
    path: '/users',
    summary: 'List users',
    tag: 'Access',
    access: 'users:read',
    query: listQuerySchema,
    responses: answers('A page of users.', userListSchema),
  },
  createUser: {
    method: 'post',
    path: '/users',
    summary: 'Create a user',
    tag: 'Access',
    access: 'users:create',
    request: userCreateSchema,
    responses: creates('The user and perhaps a one-time password.', userCreatedSchema),
  },
  getUser: {
    method: 'get',
    path: '/users/{userId}',
    summary: 'Show a user',
    tag: 'Access',
    access: 'users:read',
    params: userParams,
    responses: answers('The user.', userSchema),
    etag: true,
  },
  updateUser: {
    method: 'patch',
    path: '/users/{userId}',
    summary: 'Change a user',
    tag: 'Access',
    access: 'users:update',
    params: userParams,
    request: userPatchSchema,
    responses: answers('The changed user.', userSchema),
    etag: true,
  },
  deleteUser: {
    method: 'delete',
    path: '/users/{userId}',
    summary: 'Delete a user with all sessions and tokens',
    tag: 'Access',
    access: 'users:delete',
    params: userParams,
    responses: answersNothing,
    etag: true,
  },
  resetPassword: {
    method: 'post',
    path: '/users/{userId}/actions/reset-password',
    summary: 'Give a user a one-time password',
    tag: 'Access',
    access: 'users:update',
    params: userParams,
    responses: answers('The one-time password.', passwordResetSchema),
  },
  listRoles: {
    method: 'get',
    path: '/roles',
    summary: 'List roles and their permissions',
    tag: 'Access',
    access: 'authenticated',
    responses: answers('The roles.', roleListSchema),
  },
} as const satisfies Record<string, Route>;

export const sessionRoutes = {
  createSession: {
    method: 'post',
    path: '/sessions',
    summary: 'Log in; sets the session cookie',
    tag: 'Access',
    access: 'public',
    request: sessionCreateSchema,
    responses: creates('Logged in.', currentSessionSchema),
  },
  listSessions: {
    method: 'get',
    path: '/sessions',
    summary: 'List your sessions',
    tag: 'Access',
    access: 'authenticated',
    query: listQuerySchema,
    responses: answers('A page of sessions.', sessionListSchema),
  },
  getCurrentSession: {
    method: 'get',
    path: '/sessions/current',
    summary: 'Who am I, and what may I do?',
    tag: 'Access',
    access: 'authenticated',
    responses: answers('User, permissions and CSRF token.', currentSessionSchema),
  },
  deleteCurrentSession: {
    method: 'delete',
    path: '/sessions/current',
    summary: 'Log out',
    tag: 'Access',
    access: 'authenticated',
    responses: answersNothing,
  },
  deleteSession: {
    method: 'delete',
    path: '/sessions/{sessionId}',
    summary: 'End one of your sessions',
    tag: 'Access',
    access: 'authenticated',
    params: sessionParams,
    responses: answersNothing,
  },
  changePassword: {
    method: 'post',
    path: '/sessions/current/actions/change-password',
    summary: 'Change your password; ends your other sessions',
    tag: 'Access',
    access: 'authenticated',
    request: passwordChangeSchema,
    responses: answers('The session with a fresh CSRF token.', currentSessionSchema),
  },
} as const satisfies Record<string, Route>;

export const apiTokenRoutes = {
  listApiTokens: {
    method: 'get',
    path: '/api-tokens',
    summary: 'List your API tokens',
    tag: 'Access',
    access: 'authenticated',
    query: listQuerySchema,
    responses: answers('A page of tokens.', apiTokenListSchema),
  },
  createApiToken: {
    method: 'post',
    path: '/api-tokens',
    summary: 'Create an API token',
    tag: 'Access',
    access: 'authenticated',
    request: apiTokenCreateSchema,
    responses: creates('The token and its secret.', apiTokenCreatedSchema),
  },
  deleteApiToken: {
    method: 'delete',
    path: '/api-tokens/{tokenId}',
    summary: 'Revoke an API token',
    tag: 'Access',
    access: 'authenticated',
    params: tokenParams,
    responses: answersNothing,
  },
} as const satisfies Record<string, Route>;
