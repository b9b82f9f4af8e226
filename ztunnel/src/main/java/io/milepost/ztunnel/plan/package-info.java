/**
 * Decisions of a ztunnel as values: where a connection of a pod goes ({@link io.milepost.ztunnel.plan.OutboundPlanner}),
 * what becomes of a tunnel to a pod ({@link io.milepost.ztunnel.plan.InboundPlanner}). Pure functions of a {@link
 * io.milepost.ztunnel.plan.MeshView}; nothing here touches a socket.
 */
@NullMarked
package io.milepost.ztunnel.plan;

import org.jspecify.annotations.NullMarked;
