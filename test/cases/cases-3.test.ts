// One share of the cases: see suite.ts.

import { testShare } from './suite.ts'

testShare(3)
