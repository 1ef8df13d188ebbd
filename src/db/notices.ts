// Collects the notices and warnings of the server, without their CONTEXT, which can contain a statement with secrets.

import type { Notice } from '../core/notice.ts'
import { type Hidden, redact } from '../core/redaction.ts'

/** The fields of a driver's message. */
interface NoticeFields {
  readonly severity?: string | undefined
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly where?: string | undefined
  readonly file?: string | undefined
}

export interface Notices {
  add(message: NoticeFields): void
  /** The notices since the last call, each text once. */
  take(): readonly Notice[]
}

/** A function can raise one for each row that it reads. So many of each severity, since notices must not displace a warning. */
const maximum = 200

export function collectNotices(hidden: readonly Hidden[]): Notices {
  const collected = { notice: new Map<string, Notice>(), warning: new Map<string, Notice>() }
  return {
    add(message) {
      const notice = noticeOf(message, hidden)
      if (!notice) return
      const alike = collected[notice.severity]
      if (alike.size < maximum) alike.set(notice.text, notice)
    },
    take() {
      const taken = Object.values(collected).flatMap((alike) => [...alike.values()])
      for (const alike of Object.values(collected)) alike.clear()
      return taken
    },
  }
}

/** Undefined for debug messages, and for those about the state of a transaction (class 25). */
function noticeOf(
  { severity, code, message, detail, hint, where, file }: NoticeFields,
  hidden: readonly Hidden[],
): Notice | undefined {
  const isWarning = code?.startsWith('01') === true || severity === 'WARNING'
  if (code?.startsWith('25') || /^(DEBUG|LOG)/.test(severity ?? '')) return undefined
  const detailText = detail?.trim().replaceAll('\n', '; ')
  return {
    severity: isWarning ? 'warning' : 'notice',
    text: redact(`${message ?? ''}${detailText ? ` (${detailText})` : ''}`, hidden),
    ...(hint ? { hint: redact(hint, hidden) } : {}),
    isRoutine: file !== undefined && routineFiles.has(file),
    isOfFunction: where !== undefined,
  }
}

/**
 * The files of PostgreSQL that report the course of DDL at the level NOTICE. The server translates severity and message,
 * but not this.
 */
const routineFiles: ReadonlySet<string> = new Set(
  `acl aclchk collationcmds createas define dependency dropcmds event_trigger extension foreigncmds functioncmds heap
   index indexcmds matview namespace parse_type parse_utilcmd pg_constraint scansup schemacmds sequence statscmds
   tablecmds tablespace trigger typecmds user view`
    .split(/\s+/)
    .map((name) => `${name}.c`),
)
