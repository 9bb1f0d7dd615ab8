using System.Runtime.CompilerServices;
using Link.Core.Api.Access;

namespace Link.Core.Api;

// A list is asked of the agent and written in parts, so that a host's thousands of endpoints, times the clients that read them slowly, need no memory.
internal sealed partial class ApiRoutes
{
    /// <summary>Of a list under way: one part as objects, as text, and in the connection's buffer.</summary>
    private const int ListBytes = 4 * EndpointPage.MostBytes;

    private async Task<ApiAnswer> ListAsync(ApiRequest request, ApiForm form)
    {
        await request.Memory.TakeAsync(ListBytes, request.ClientGone);
        string name = form == ApiForm.Endpoints ? "endpoints" : "ips";
        return await RememberAsync(request, cancel => agent.ListAsync(null, cancel), page => page.Next is null
            ? ApiAnswer.Json(200, json =>
            {
                json.WriteStartObject();
                json.WriteStartArray(name);
                foreach (EndpointSnapshot endpoint in page.Endpoints)
                {
                    ApiJson.WriteEndpoint(json, For(request.Caller, endpoint));
                }

                json.WriteEndArray();
                json.WriteEndObject();
            })
            : new ApiAnswer(200, ApiJson.WriteItems($"{{\"{name}\":[", For(request.Caller, page), "")) { Rest = RestAsync(request, page.Next) });
    }

    /// <exception cref="TimeoutException">The agent hangs.</exception>
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> RestAsync(ApiRequest request, string next, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        for (string? after = next; after is not null;)
        {
            cancel.ThrowIfCancellationRequested();
            string from = after;
            (bool answered, EndpointPage? page) = await AskAsync(request, asked => agent.ListAsync(from, asked));
            if (!answered)
            {
                throw new TimeoutException(HangReason);
            }

            after = page!.Next;
            yield return ApiJson.WriteItems(page.Endpoints.Count > 0 ? "," : "", For(request.Caller, page), after is null ? "]}\n" : "");
        }
    }

    private static IReadOnlyList<EndpointSnapshot> For(Caller caller, EndpointPage page) => [.. page.Endpoints.Select(endpoint => For(caller, endpoint))];
}
