using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>Finds the endpoint that a person means: by id, by the start of an id, by address or by election key.</summary>
internal static class EndpointFinder
{
    private const string IdPrefix = "vip-";
    private const int IdLength = 40;

    public static async Task<EndpointAnswer> FindAsync(ApiClient agent, ApiForm form, string text, CancellationToken cancel)
    {
        if (text.Length == 0)
        {
            throw new UsageException("the endpoint's id is empty");
        }

        // Saves the list, which may be long.
        if (IsWholeId(text))
        {
            return await agent.FindAsync(form, text, cancel) ?? throw NoMatch(agent, text);
        }

        IReadOnlyList<EndpointAnswer> all = await agent.ListAsync(form, cancel);
        List<EndpointAnswer> matches = [.. all.Where(item => Means(item.Endpoint, text))];
        bool saysNothing = false;
        if (matches.Count == 0)
        {
            // What every id starts with names none, not even the only one: a script's vip-$ID, say, with an empty variable.
            saysNothing = IdPrefix.StartsWith(text, StringComparison.OrdinalIgnoreCase);
            matches = [.. all.Where(item => StartsWith(item.Endpoint.Id, text))];
        }

        return matches.Count switch
        {
            1 when !saysNothing => matches[0],
            0 => throw NoMatch(agent, text),
            _ => throw new ApiRefusedException(409, $"{text} may be any of {string.Join(", ", matches.Take(10).Select(item => $"{item.Endpoint.Id} ({EndpointAddress.Of(item.Endpoint)})"))}; write more of the id"),
        };
    }

    private static bool IsWholeId(string text) =>
        text.Length == IdLength && text.StartsWith(IdPrefix, StringComparison.Ordinal) && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    private static bool Means(EndpointSnapshot endpoint, string text) =>
        endpoint.Id == text || endpoint.ElectionKey == text || EndpointAddress.Matches(endpoint, text);

    private static bool StartsWith(string id, string text) =>
        id.StartsWith(text, StringComparison.OrdinalIgnoreCase)
        || (id.StartsWith(IdPrefix, StringComparison.Ordinal) && id.AsSpan(IdPrefix.Length).StartsWith(text, StringComparison.OrdinalIgnoreCase));

    private static ApiRefusedException NoMatch(ApiClient agent, string text) => new(404, $"no endpoint matches {text} at {agent.Target}; list them with: list");
}
