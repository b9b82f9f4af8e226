package io.milepost.telemetry;

/** The words of a log expression, one after the other. */
final class ExpressionScanner {
    private final String text;
    private int at;

    ExpressionScanner(String text) {
        this.text = text;
    }

    /** Nothing but blanks may be left. */
    void expectEnd() {
        blanks();
        if (at < text.length()) {
            throw problem("unexpected \"" + text.substring(at) + "\"");
        }
    }

    /** The next character, 0 at the end; blanks are passed. */
    char next() {
        blanks();
        return at < text.length() ? text.charAt(at) : 0;
    }

    /** Whether a text comes here that is taken by nobody yet. */
    boolean comes(String token) {
        blanks();
        return text.startsWith(token, at);
    }

    Long number() {
        int start = at;
        at += text.charAt(at) == '-' ? 1 : 0;
        while (at < text.length() && Character.digit(text.charAt(at), 10) >= 0) {
            at++;
        }
        try {
            return Long.valueOf(text.substring(start, at));
        } catch (NumberFormatException e) {
            throw problem("\"" + text.substring(start, at) + "\" is no whole number");
        }
    }

    String quoted() {
        char quote = at < text.length() ? text.charAt(at) : 0;
        if (quote != '"' && quote != '\'') {
            throw problem("a quoted text is missing");
        }
        StringBuilder s = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == quote) {
                at++;
                return s.toString();
            }
            if (c == '\\' && at + 1 < text.length()) {
                c = text.charAt(++at);
                c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
            }
            s.append(c);
        }
        throw problem("a quoted text is not closed");
    }

    String name() {
        blanks();
        int start = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
            at++;
        }
        if (start == at) {
            throw problem("a name is missing");
        }
        return text.substring(start, at);
    }

    boolean word(String w) {
        blanks();
        boolean is = text.startsWith(w, at)
                && (at + w.length() == text.length() || !Character.isLetterOrDigit(text.charAt(at + w.length())));
        at += is ? w.length() : 0;
        return is;
    }

    boolean accept(String token) {
        blanks();
        boolean is = text.startsWith(token, at);
        at += is ? token.length() : 0;
        return is;
    }

    boolean peek(char c) {
        blanks();
        return at < text.length() && text.charAt(at) == c;
    }

    void expect(String token) {
        if (!accept(token)) {
            throw problem("\"" + token + "\" is missing");
        }
    }

    void blanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    IllegalArgumentException problem(String what) {
        return new IllegalArgumentException("expression \"" + text + "\", character " + (at + 1) + ": " + what);
    }
}
