// The format "sql": a script for psql, for reviewers who read SQL, and for databases that only a DBA may change.

import type { PlanFormat } from '../format.ts'
import { renderScript } from './script.ts'

export const sqlFormat: PlanFormat = { isDocument: true, plan: renderScript }
