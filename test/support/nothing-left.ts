/** The sizes of a broker whose clients have all gone, and that owes nobody anything. */
export const NOTHING_LEFT = {
  connections: 0,
  clients: 0,
  sessions: 0,
  subscriptions: 0,
  retained: 0,
  timers: 0,
} as const;
