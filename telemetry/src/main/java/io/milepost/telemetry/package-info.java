/**
 * What is observed of traffic: access logs in Envoy's command language and Istio's metrics.
 *
 * <p>Start with {@link io.milepost.telemetry.LogContext}: a finished exchange or connection tells what happened through
 * it. {@link io.milepost.telemetry.AccessLogger} filters, formats ({@link io.milepost.telemetry.AccessLogFormat}) and
 * hands lines to the asynchronous {@link io.milepost.telemetry.AccessLogWriter}. {@link
 * io.milepost.telemetry.IstioMetrics} counts for a waypoint, {@link io.milepost.telemetry.ZtunnelMetrics} for a ztunnel.
 * This package knows nothing of how requests are moved.
 */
@NullMarked
package io.milepost.telemetry;

import org.jspecify.annotations.NullMarked;
