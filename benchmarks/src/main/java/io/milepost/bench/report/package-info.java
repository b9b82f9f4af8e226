/**
 * What is made of the raw rounds: ratios with their spread, targets, table, JSON, docs/performance.md. Start with {@link io.milepost.bench.report.Report}.
 */
@NullMarked
package io.milepost.bench.report;

import org.jspecify.annotations.NullMarked;
