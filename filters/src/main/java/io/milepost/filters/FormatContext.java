package io.milepost.filters;

import org.jspecify.annotations.Nullable;

/**
 * Values of Envoy's command operators that are not in the message heads, for example {@code UPSTREAM_HOST}.
 *
 * <p>{@code REQ}, {@code RESP} and {@code RESPONSE_CODE} are answered by {@link HeaderRewriter} itself.
 */
@FunctionalInterface
public interface FormatContext {
    /**
     * The text of an operator.
     *
     * @param operator the name, for example {@code DOWNSTREAM_REMOTE_ADDRESS}
     * @param arguments what stands in its parentheses; empty without
     * @return null when there is no value; a header then gets the empty text there
     */
    @Nullable
    String value(String operator, String arguments);

    /** Knows nothing. */
    FormatContext NONE = (operator, arguments) -> null;
}
