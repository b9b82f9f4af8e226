/**
 * What operators and orchestrators ask a waypoint over plain HTTP: readiness (15021), metrics (15020, 15090) and, on
 * loopback only, the admin pages (15000).
 *
 * <p>Start at {@link io.milepost.waypoint.admin.AdminServer}. A {@link io.milepost.waypoint.admin.Site} turns a question
 * into an {@link io.milepost.waypoint.admin.Answer} without knowing of sockets; what it may ask of the running waypoint is
 * {@link io.milepost.waypoint.admin.Operations}. None of it runs on the event loops of the data path.
 */
@NullMarked
package io.milepost.waypoint.admin;

import org.jspecify.annotations.NullMarked;
