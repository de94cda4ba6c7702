/** What `martlet bench` ends with, besides what every command may. The numbers are API. */
export const BenchStatus = {
  /** Every count was right. */
  ALL_RIGHT: 0,
  /** Messages were lost, came twice or out of order where that must not be, or connections broke or were refused. */
  WRONG: 1,
  /** No connection. */
  UNREACHABLE: 3,
  /** The broker lets nobody in, or not in the version that the load needs. */
  REFUSED: 5,
} as const;
