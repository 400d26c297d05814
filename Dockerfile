# nircolor on a CPU: colorize, batch, video, serve. docs/serve.md says how it is built and used.
# torch is not in it: onnxruntime runs the packaged weights, and torch would be larger than all the rest.

FROM python:3.11-slim AS build
ARG EXTRAS="serve video"
ENV PATH=/opt/nircolor/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /opt/nircolor

# what pyproject.toml asks for, but for torch
COPY pyproject.toml ./
RUN python -c "import sys, tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
  every = [*p['dependencies'], *(name for extra in sys.argv[1:] for name in p['optional-dependencies'][extra])]; \
  print(*(name for name in every if not name.startswith('torch')), sep='\n')" $EXTRAS > /tmp/wanted
RUN pip install -r /tmp/wanted

COPY . .
RUN pip install --no-deps .

# what numba compiles, for JPEG and LZW, lies where users of any number can read it and add to it
ENV NUMBA_CACHE_DIR=/opt/numba
RUN mkdir /opt/numba /tmp/x && cd /tmp/x && python -m nircolor.scenes a_nir.png --size 320x240 \
  && nircolor colorize a_nir.png -o a.jpg && nircolor colorize a.jpg --grey \
  && python -c "import numpy, tifffile; tifffile.imwrite('b.tif', numpy.zeros((64, 64), 'uint8'), compression='lzw')" \
  && nircolor colorize b.tif && chmod -R a+rwX /opt/numba


FROM python:3.11-slim
COPY --from=build /opt /opt
ENV PATH=/opt/nircolor/bin:$PATH NUMBA_CACHE_DIR=/opt/numba HOME=/tmp PYTHONUNBUFFERED=1
USER 1000:1000
WORKDIR /work
EXPOSE 8000
ENTRYPOINT ["nircolor"]
CMD ["--help"]
