using Link.Core.Api.Access;
using Link.Core.Api.Limits;

namespace Link.Core.Api;

/// <summary>A request, as the routes see it.</summary>
/// <param name="Method">GET for HEAD, too: Kestrel leaves the body out.</param>
/// <param name="Segments">The path's parts: <c>/ips/vip-1</c> is <c>ips</c>, <c>vip-1</c>.</param>
/// <param name="Body">Not read yet.</param>
/// <param name="Memory">What it takes.</param>
/// <param name="Caller">Who asks.</param>
/// <param name="ClientGone">Cancelled when the client closes its connection.</param>
internal sealed record ApiRequest(
    string Method,
    string[] Segments,
    RequestBody Body,
    RequestMemory Memory,
    Caller Caller,
    CancellationToken ClientGone);
