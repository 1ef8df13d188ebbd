// Where an apply comes from, in the environment of different CI systems.

import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { originOf } from '../../../src/cli/origin.ts'

test.each([
  [
    'GitHub',
    { GITHUB_SHA: 'abc', GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'o/r' },
    'https://github.com/o/r',
  ],
  ['GitLab', { CI_COMMIT_SHA: 'abc', CI_PROJECT_URL: 'https://gitlab.example/g/p' }, 'https://gitlab.example/g/p'],
  [
    'Azure',
    { BUILD_SOURCEVERSION: 'abc', BUILD_REPOSITORY_URI: 'https://org@dev.azure.com/org/_git/r' },
    'https://dev.azure.com/org/_git/r',
  ],
  [
    'Jenkins, with a token to clone with',
    { GIT_COMMIT: 'abc', GIT_URL: 'https://user:token@git.example/r.git?private_token=t#x' },
    'https://git.example/r.git',
  ],
  ['an address of ssh', { GIT_COMMIT: 'abc', GIT_URL: 'git@git.example:o/r.git' }, 'git@git.example:o/r.git'],
  ['an address that can not be read', { GIT_COMMIT: 'abc', GIT_URL: 'https://user:to ken@[' }, undefined],
  ['a password without a scheme', { GIT_COMMIT: 'abc', GIT_URL: 'user:token@git.example/r' }, undefined],
])('the commit and the repository of %s', (_, env, repository) => {
  expect(originOf(env)).toEqual({ user: expect.any(String), host: hostname(), commit: 'abc', repository })
})

test('outside a pipeline the commit is unknown', () => {
  expect(originOf({ GIT_COMMIT: '' })).toMatchObject({ commit: undefined, repository: undefined })
})
