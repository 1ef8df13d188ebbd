// Who runs this command, where, and for which commit: what the ledger records with an apply.

import { hostname, userInfo } from 'node:os'
import type { Origin } from '../core/history.ts'

type Variables = Readonly<Record<string, string | undefined>>

export function originOf(env: Variables): Origin {
  return {
    user: userName(),
    host: hostname() || undefined,
    commit: firstSet(env, [
      'GITHUB_SHA',
      'CI_COMMIT_SHA',
      'BITBUCKET_COMMIT',
      'BUILD_SOURCEVERSION',
      'CIRCLE_SHA1',
      'GIT_COMMIT',
    ]),
    repository: repositoryOf(env),
  }
}

/** The user of a container may have no name. */
function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

function repositoryOf(env: Variables): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = env
  const url =
    server && name
      ? `${server}/${name}`
      : firstSet(env, [
          'CI_PROJECT_URL',
          'BITBUCKET_GIT_HTTP_ORIGIN',
          'BUILD_REPOSITORY_URI',
          'CIRCLE_REPOSITORY_URL',
          'GIT_URL',
        ])
  return url === undefined ? undefined : withoutCredentials(url)
}

/** Pipelines may clone with a token in the URL, which must not get into the ledger. */
function withoutCredentials(url: string): string | undefined {
  // `git@host:path` is not a URL. It has no password, only the name of a user.
  if (!url.includes('://')) return /^[^\s:@]+@[^\s@]+$/.test(url) ? url : undefined
  if (!URL.canParse(url)) return undefined
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

function firstSet(env: Variables, names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '')
}
