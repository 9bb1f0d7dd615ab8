using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Link.Core.Api;

/// <summary>The services that Kestrel asks for: a logger that says nothing. There is no container.</summary>
internal sealed class NoServices : IServiceProvider
{
    public object? GetService(Type serviceType) => serviceType == typeof(ILoggerFactory) ? NullLoggerFactory.Instance : null;
}
