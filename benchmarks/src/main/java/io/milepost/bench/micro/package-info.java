/**
 * JMH for the parts of the data path; {@code ./milepost bench --micro} runs them with allocation figures. Start with
 * {@link io.milepost.bench.micro.Micro}.
 */
@NullMarked
package io.milepost.bench.micro;

import org.jspecify.annotations.NullMarked;
