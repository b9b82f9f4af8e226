/**
 * What there is to say about a directory of YAML before it is applied: conditions, fields without effect, rules that can
 * never match, policies that look applied and are not. Start with {@link io.milepost.config.analyze.Analyzer}; {@link
 * io.milepost.waypoint.AnalyzeMain} is the command.
 */
@NullMarked
package io.milepost.config.analyze;

import org.jspecify.annotations.NullMarked;
