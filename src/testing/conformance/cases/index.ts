/** All cases of the kit, in the order of the chapters. */

import type { ConformanceCase } from "../case.ts";
import { authCases } from "./auth.ts";
import { connectCases } from "./connect.ts";
import { connectClientIdCases } from "./connect-client-id.ts";
import { connectFieldCases } from "./connect-fields.ts";
import { connectSessionCases } from "./connect-session.ts";
import { disconnectCases } from "./disconnect.ts";
import { flowControlCases } from "./flow-control.ts";
import { limitCases } from "./limits.ts";
import { malformedCases } from "./malformed.ts";
import { orderingCases } from "./ordering.ts";
import { pingCases } from "./ping.ts";
import { propertyCases } from "./properties.ts";
import { propertyUseCases } from "./properties-in-use.ts";
import { propertyErrorCases } from "./property-errors.ts";
import { publishCases } from "./publish.ts";
import { publishQos1Cases } from "./publish-qos1.ts";
import { publishQos2Cases } from "./publish-qos2.ts";
import { retainCases } from "./retain.ts";
import { sharedSubscriptionCases } from "./shared-subscriptions.ts";
import { subscribeCases } from "./subscribe.ts";
import { topicAliasCases } from "./topic-alias.ts";
import { topicCases } from "./topics.ts";
import { unsubscribeCases } from "./unsubscribe.ts";
import { webSocketCases } from "./websocket.ts";
import { willCases } from "./will.ts";

export const conformanceCases: readonly ConformanceCase[] = [
  ...connectCases,
  ...connectFieldCases,
  ...connectClientIdCases,
  ...connectSessionCases,
  ...willCases,
  ...publishCases,
  ...publishQos1Cases,
  ...publishQos2Cases,
  ...retainCases,
  ...subscribeCases,
  ...unsubscribeCases,
  ...sharedSubscriptionCases,
  ...topicCases,
  ...propertyCases,
  ...propertyUseCases,
  ...propertyErrorCases,
  ...topicAliasCases,
  ...flowControlCases,
  ...limitCases,
  ...pingCases,
  ...disconnectCases,
  ...authCases,
  ...malformedCases,
  ...orderingCases,
  ...webSocketCases,
];
