using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>Whoever remembers what etcd has, to restore it should etcd be wiped.</summary>
internal interface IKeptData
{
    /// <summary>Told each time that it was read, so that an answer of etcd's that got lost does no harm.</summary>
    /// <exception cref="TimeoutException">It is overloaded and has not heard.</exception>
    Task HasReadAsync(HostData data);

    /// <summary>The endpoints as they were loaded or added, by id, whatever etcd has now.</summary>
    /// <exception cref="TimeoutException">It is overloaded and does not answer.</exception>
    Task<IReadOnlyDictionary<string, EndpointRecord>> LoadedAsync();
}
